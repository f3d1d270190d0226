export interface Reached {
  readonly own: string[]
  readonly packages: string[]
  readonly sdk: string[]
}
export interface Manifest {
  readonly include: string[]
  readonly modules: Record<string, string | string[]>
  readonly preload: string[]
  readonly creation: { readonly main: string }
}
export function reachedBy(main: string): Promise<Reached>
export function manifestOf(options: { main: string; reached: Reached; from: string; config?: object; partitions?: string }): Manifest
