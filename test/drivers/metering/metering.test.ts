import { meteringContract } from '../../contract/metering.ts'
import { rigADE7953, rigATM90E32, rigBL0942, rigCSE7766 } from './rigs.ts'

meteringContract('ATM90E32', rigATM90E32)
meteringContract('ADE7953 on SPI', () => rigADE7953('SPI'))
meteringContract('ADE7953 on I2C', () => rigADE7953('I2C'))
meteringContract('BL0942', rigBL0942)
meteringContract('CSE7766', rigCSE7766)
