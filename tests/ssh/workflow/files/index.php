<?php
// A page with its database behind it, as Drupal answers: its number of nodes and where its schema stands.
$version = trim(file_get_contents(__DIR__ . '/version'));
$settings = parse_ini_file(__DIR__ . '/.env');
$log = fn (string $line) => file_put_contents(__DIR__ . '/logs/site.log', date('c') . " $line\n", FILE_APPEND);
if (file_exists(__DIR__ . '/broken')) {
    $log("ERROR uncaught exception in $version, request had Authorization: Bearer {$settings['API_TOKEN']}");
    http_response_code(500);
    echo "The website encountered an unexpected error.\n";
    return;
}
$database = new mysqli('127.0.0.1', $settings['DB_USER'], $settings['DB_PASSWORD'], $settings['DB_USER'], (int) $settings['DB_PORT']);
$nodes = $database->query('SELECT count(*) FROM node')->fetch_row()[0];
$schema = $database->query("SELECT value FROM key_value WHERE collection = 'system.schema' AND name = 'site'")->fetch_row()[0];
$log("INFO {$_SERVER['REQUEST_URI']}");
echo "site $version, schema " . unserialize($schema) . ", $nodes nodes\n";
