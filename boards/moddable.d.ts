/** What a main program finds in every application of the Moddable SDK. */

declare module 'mc/config' {
  /** The object `config` of the manifests, and what `npm run build -- <board> --config` puts there. */
  const config: { readonly [name: string]: unknown }
  export default config
}

/** Text for whoever listens at the debugger's port; a release build drops it. */
declare function trace(text: string): void
