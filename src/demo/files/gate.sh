#!/bin/sh
# The quality gate of the demo: every shell script parses.
set -eu
count=0
for script in deployment-scripts/*.sh; do
    sh -n "$script"
    count=$((count + 1))
done
echo "$count scripts checked"
