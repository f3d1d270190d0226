/** `mc/config`: what the manifests say, and what `--config` adds; a test fills it. */
const config: Record<string, unknown> = {}

export default config
