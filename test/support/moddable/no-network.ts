/** `embedded:io/socket/*` before any network interface was configured: `CHECK_NETWORK_SAFE` of `modules/io/common/builtinCommon.h`. */
export default class Socket {
  constructor() {
    throw new Error('no network')
  }
}
