#!/bin/sh
# Brings the database to this release, which is not live yet.
exec php updatedb.php
