#!/usr/bin/env bash
# The step of action.yml: runs the suite and says in outputs what came of it. Ends as the suite ends.
set -uo pipefail

# An input that was left out is no variable: the suite refuses an address that is set but empty.
for name in OPENAI_BASE_URL OPENAI_API_KEY KAITO_WORKSPACE KAITO_NAMESPACE CONFORMANCE_WAIVERS CONFORMANCE_COMPARE CONFORMANCE_SARIF_FILE; do
  if [ -z "${!name:-}" ]; then unset "$name"; fi
done
if [ -z "${OPENAI_BASE_URL:-}${KAITO_WORKSPACE:-}" ]; then
  echo '::error::Give base-url or workspace: without a server there is nothing to judge.'
  exit 2
fi

node "$GITHUB_ACTION_PATH/run/start.cjs" "$GITHUB_ACTION_PATH/run/main.ts"
status=$?

results="$CONFORMANCE_REPORT_DIR/results.json"
# A run that ends before it begins writes none; those of an earlier step are not its own.
[ "$status" -eq 2 ] && results=/dev/null
cause=$(node -e '
  const { readFileSync } = require("node:fs")
  try {
    const { cause } = JSON.parse(readFileSync(process.argv[1], "utf8"))
    process.stdout.write((cause?.sentence ?? "").replace(/\s+/g, " "))
  } catch {}
' "$results")
conforms=false
[ "$status" -eq 0 ] && conforms=true
{
  echo "conforms=$conforms"
  echo "exit-code=$status"
  echo "cause=$cause"
  echo "report=$CONFORMANCE_REPORT_DIR/index.html"
  echo "sarif=$CONFORMANCE_REPORT_DIR/sarif.json"
  echo "results=$CONFORMANCE_REPORT_DIR/results.json"
} >>"$GITHUB_OUTPUT"
exit "$status"
