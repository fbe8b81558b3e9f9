/** True for 127.0.0.0/8, ::1 and localhost: what never leaves this machine. Takes a `URL`'s hostname, or a bare address. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|\[::1\]|::1|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.test(hostname);
}
