<?php
// Resets the OPcache of the pool that runs this, for one request.
@unlink(__FILE__);
header('Content-Type: text/plain');
header('Cache-Control: no-store');
if (!extension_loaded('Zend OPcache') || !ini_get('opcache.enable')) {
    $found = 'off';
} elseif (!function_exists('opcache_reset')) {
    $found = 'forbidden';
} elseif (@opcache_reset()) {
    $found = 'reset';
} else {
    // A reset that is under way already is one; who may not ask for it may not ask for the state either.
    $state = function_exists('opcache_get_status') ? @opcache_get_status(false) : false;
    $under_way = $state && (!empty($state['restart_pending']) || !empty($state['restart_in_progress']));
    $found = $under_way ? 'reset' : (ini_get('opcache.restrict_api') != '' ? 'forbidden' : 'failed');
}
clearstatcache(true);
echo '{word}', ' ', $found, "\n";
