import { AirRadio } from '../../../src/world/lora/air-radio.ts'
import { loraChipContract } from '../../contract/lora-chip.ts'
import { loraRadioContract } from '../../contract/lora-radio.ts'
import { sx126xBoard } from './sx126x-board.ts'

loraRadioContract(
  'without a chip',
  (scheduler, air, events) => new AirRadio({ scheduler, air, events, name: 'ideal', position: { x_m: 0, y_m: 0 } }),
)
loraRadioContract('SX1262', (scheduler, air, events) => sx126xBoard(scheduler, air).driver(events))
loraChipContract('SX1262', sx126xBoard, (chip) => chip.ignored, [
  (chip, on) => {
    chip.faults.silent = on
  },
  (chip, on) => {
    chip.faults.busyStuck = on
  },
])
