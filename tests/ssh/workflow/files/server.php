<?php
// The host's web server: /<service>/… is answered by what is live of that service.
clearstatcache(true);
[, $service, $path] = array_pad(explode('/', parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), 3), 3, '');
foreach (['current', 'www'] as $live) {
    // The release as it is now: a link that was switched counts at once.
    $root = realpath(__DIR__ . "/$service/$live");
    if ($root !== false) {
        chdir($root);
        // Whoever asks for a reset of the OPcache waits while a test holds that version, and is not answered.
        $holds = fn () => @file_get_contents(__DIR__ . '/hold') === trim(file_get_contents("$root/version"));
        if (str_starts_with($path, 'deploy-ops-opcache-') && $holds()) {
            touch(__DIR__ . '/held');
            while ($holds()) {
                usleep(50_000);
            }
            http_response_code(503);
            return;
        }
        // PHP files are run, and everything else is the front page's.
        $file = preg_match('/^[\w-]+\.php$/', $path) ? "$root/$path" : "$root/index.php";
        require is_file($file) ? $file : "$root/index.php";
        return;
    }
}
http_response_code(404);
