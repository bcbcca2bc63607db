<?php
echo 'pages ' . file_get_contents(__DIR__ . '/version');
