<?php
// What `drush updatedb --yes` does: the updates of site.install that the database does not know yet, in their order.
$settings = parse_ini_file(__DIR__ . '/.env');
file_put_contents(__DIR__ . '/files/effects', trim(file_get_contents(__DIR__ . '/version')) . "\n", FILE_APPEND);
echo 'updating as ' . $settings['DB_USER'] . ' with ' . getenv('SITE_DB_PASSWORD') . ', moving ' . getenv('SITE_WORD') . "\n";
echo "Authorization: Bearer {$settings['API_TOKEN']}\n";
while (file_exists(__DIR__ . '/files/hold')) {
    usleep(50_000);
    clearstatcache();
}
$database = new mysqli('127.0.0.1', $settings['DB_USER'], $settings['DB_PASSWORD'], $settings['DB_USER'], (int) $settings['DB_PORT']);
$known = unserialize($database->query("SELECT value FROM key_value WHERE name = 'site'")->fetch_row()[0]);
require __DIR__ . '/site.install';
for ($update = $known + 1; function_exists("site_update_$update"); $update++) {
    $database->query("site_update_$update"());
    $database->query("UPDATE key_value SET value = '" . serialize($update) . "' WHERE name = 'site'");
    echo "site_update_$update\n";
}
