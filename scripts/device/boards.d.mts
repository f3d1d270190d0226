export function boardNames(): string[]
export function boardData(name: string): Promise<{ readonly name: string; readonly chip: string; readonly flash_MiB: number }>
