<?php
// The host's web server: /<service>/… is answered by what is live of that service.
clearstatcache(true);
[, $service, $path] = array_pad(explode('/', parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), 3), 3, '');
foreach (['current', 'www'] as $live) {
    // The release as it is now: a link that was switched counts at once.
    $root = realpath(__DIR__ . "/$service/$live");
    if ($root !== false) {
        chdir($root);
        // PHP files are run, and everything else is the front page's.
        $file = preg_match('/^[\w-]+\.php$/', $path) ? "$root/$path" : "$root/index.php";
        require is_file($file) ? $file : "$root/index.php";
        return;
    }
}
http_response_code(404);
