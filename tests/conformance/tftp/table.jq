# SPDX-License-Identifier: ISC
# From [{name, version, cases}], one a server, to Markdown.
def mark: { "pass": "yes", "FAIL": "**no**", "n/a": "–" }[.];
def safe: gsub("\\|"; "\\|") | gsub("<"; "&lt;") | gsub("`"; "'") | gsub("\\*"; "\\*");
def count(f): map(select(f)) | length;
def row: "| " + join(" | ") + " |";
def sum_of(level): [.[] | .cases | map(select(level == null or .level == level)) |
	"\(count(.status == "pass")) / \(count(.status == "FAIL")) / \(count(.status == "n/a"))"];
. as $servers
| "# TFTP servers, case by case",
"",
"Written by `make conformance` (`tests/conformance/tftp/compare`), which runs `tftp-conformance` against each server on the loopback of a",
"network namespace of its own; servers have the options of their documentation and no more. A case is numbered by the RFC and section that",
"sets its rule. MUST and SHOULD are the RFC's (RFC 1350 writes them in small letters, or the protocol doesn't work otherwise); *practice* is",
"what no RFC says: what a server of boot files withstands, or should grant. A server that doesn't take an option isn't judged by its cases (–).",
"",
(["Server", "version"] | row), "| --- | --- |",
($servers[] | [.name, .version] | row),
"",
"## Totals: kept / not kept / not applicable",
"",
(["" ] + ($servers | map(.name)) | row), ("| --- |" + ($servers | map(" --- |") | add)),
(["MUST"] + ($servers | sum_of("MUST")) | row),
(["SHOULD"] + ($servers | sum_of("SHOULD")) | row),
(["practice"] + ($servers | sum_of("practice")) | row),
(["all"] + ($servers | sum_of(null)) | row),
(
	[$servers[0].cases[].group] | reduce .[] as $g ([]; if index([$g]) then . else . + [$g] end) | .[] as $group
	| "", "## \($group)", "",
	(["", "", ""] + ($servers | map(.name)) | row), ("| --- | --- | --- |" + ($servers | map(" --- |") | add)),
	(
		range($servers[0].cases | length) as $i
		| $servers[0].cases[$i] | select(.group == $group)
		| [.id, .level, (.name | safe)] + ($servers | map(.cases[$i].status | mark)) | row
	)
),
"",
"## What was seen where a rule wasn't kept",
(
	$servers[] | "", "### \(.name)", "",
	(if (.cases | count(.status == "FAIL")) == 0 then "Nothing: all were kept." else empty end),
	(.cases[] | select(.status == "pass" and (.reason | startswith("when repeated"))) |
		"- \(.id), \(.level): \(.name | safe): kept \(.reason | safe)"),
	(.cases[] | select(.status == "FAIL") | "- \(.id), \(.level): \(.name | safe): \(.reason | safe)")
)
