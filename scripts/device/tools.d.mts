export function missingTools(environment: Readonly<Record<string, string>>, options?: { linkOnly?: boolean }): string[]
