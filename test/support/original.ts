/** `config/config.ini` of the Python program that this one takes the place of, as its users have it. */
export const ORIGINAL_INI = `[postgresql]
host=$DB_HOST
database=$DB_DATABASE
user=$DB_USER
password=$DB_PASSWORD
[caruna]
username = $CARUNA_USER
password = $CARUNA_PASSWORD
[main]
job_interval = 86400
days_to_load = 7
`;
