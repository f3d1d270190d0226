/**
 * The static context that a meter and its head-end share (RFC 8724 section 7): one rule, which takes IPv6, UDP and the DLMS wrapper away as a whole. All their fields
 * are known on both sides or computed (lengths, checksum), so there is no residue: a SCHC packet is the RuleID and the APDU. docs/lorawan.md has the fields.
 */

/** RuleID: the port of a packet that needs no fragments, the first byte of one that is fragmented. */
export const WRAPPER_RULE = 30
/** Wrapper ports of the rule: the management logical device and the public client. */
export const WRAPPER_SOURCE = 1
export const WRAPPER_DESTINATION = 16
