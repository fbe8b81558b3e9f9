// @ts-check
/**
 * The account, from the environment: a password has no place in a program. `node --env-file=.env examples/…` takes it from
 * a file.
 */
export function account() {
  const { CARUNA_USER: username, CARUNA_PASSWORD: password, CARUNA_BASE_URL, CARUNA_ALLOWED_HOSTS } = process.env;
  if (!username || !password) {
    console.error("Set CARUNA_USER and CARUNA_PASSWORD, the e-mail address and the password of plus.caruna.fi.");
    process.exit(2);
  }
  // The last two lead to another Caruna+, such as the simulator; nobody else sets them.
  return { username, password, baseUrl: CARUNA_BASE_URL, allowedHosts: CARUNA_ALLOWED_HOSTS?.split(",") };
}
