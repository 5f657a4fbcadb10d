# SPDX-License-Identifier: ISC
# $ours and $nginx: what http-conformance --json printed; $format: "markdown" or "text".

def word: {"pass": "pass", "FAIL": "**fails**", "n/a": "–"}[.status] + (if .reason == "" then "" else ": " + .reason end);
def plain: "\(.status) \(.reason)";
def pad($n): . + (" " * ([$n - length, 0] | max));
def count($level; $status): map(select(.level == $level and .status == $status)) | length;
def passes($level): "\(count($level; "pass")) of \(map(select(.level == $level)) | length)";

$ours[0] as $a | $nginx[0] as $b |
[range($a | length) | {ours: $a[.], nginx: $b[.]}] as $both |
if $format == "markdown" then
	"| | bramble-httpd | nginx \($version) |", "| --- | --- | --- |",
	(("MUST", "SHOULD", "practice") as $level |
		"| \($level) | \($a | passes($level)) | \($b | passes($level)) |"),
	"",
	"| case | what holds | bramble-httpd | nginx |", "| --- | --- | --- | --- |",
	($both[] | select(.ours.status == "FAIL" or .nginx.status == "FAIL") |
		"| \(.ours.id) | \(.ours.level): \(.ours.name) | \(.ours | word) | \(.nginx | word) |")
else
	"\("case" | pad(17)) \("level" | pad(9)) \("bramble-httpd" | pad(34)) nginx \($version)",
	($both[] | select(.ours.status == "FAIL" or .nginx.status == "FAIL") |
		"\n\(.ours.id | pad(17)) \(.ours.name)",
		"\("" | pad(17)) \(.ours.level | pad(9)) \(.ours | plain | pad(34)) \(.nginx | plain)"),
	"",
	(("MUST", "SHOULD", "practice") as $level |
		"\($level | pad(27)) \($a | passes($level) | pad(34)) \($b | passes($level))")
end
