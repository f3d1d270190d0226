/* Throws an Error whose message is the name of the system's error: ENOENT. */
void lin_failed(xsMachine *the);
