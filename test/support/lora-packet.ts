import module from 'lora-packet'

/** A CommonJS module: Node gives its exports, Vite what they call default. */
export const loraPacket = module.default ?? (module as unknown as typeof module.default)
