/**
 * A shell script that runs a server (its arguments after the first) and prints its pid. When standard input closes, it
 * ends the server by `signal`, and removes the file or folder that the first argument names. Input also closes when the
 * parent process is killed and can end nothing itself. File descriptor 3 is the script's own.
 */
export function watched(signal: 'TERM' | 'INT' | 'KILL'): string {
  return `exec 3<&0
left=$1; shift
"$@" 3<&- & pid=$!
echo $pid
{ cat <&3 >/dev/null; kill -${signal} $pid 2>/dev/null; } &
# The shell would tell of a server that was killed, which is how it is meant to end.
wait $pid 2>/dev/null
rm -rf "$left"`
}
