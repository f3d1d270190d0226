/** Name or address of an authority, without its port, in lower case; undefined when it is malformed. */
function hostOf(authority: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/i.exec(authority)
  return match?.[1]?.toLowerCase()
}

function isIPv4(host: string): boolean {
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

/**
 * True when a Host header names the meter by an IP address, as localhost or by one of its configured names (lower case). A page of another
 * site can point its own name at the meter's address (DNS rebinding), but the browser then sends that name here.
 */
export function isOwnHost(authority: string, names: readonly string[]): boolean {
  const host = hostOf(authority)
  if (host === undefined) return false
  return host.startsWith('[') || isIPv4(host) || host === 'localhost' || names.includes(host)
}

/** True when the page that opens a WebSocket came from this very server: the browser puts the page's scheme, host and port into Origin. */
export function isSameOrigin(origin: string | undefined, authority: string): boolean {
  const own = authority.toLowerCase()
  const asked = origin?.toLowerCase()
  return asked === `http://${own}` || asked === `https://${own}`
}
