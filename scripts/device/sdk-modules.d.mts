export interface SdkModule {
  readonly include?: string
  readonly modules?: Record<string, string>
  readonly preload?: string | string[]
}
export const SDK_MODULES: Readonly<Record<string, SdkModule>>
