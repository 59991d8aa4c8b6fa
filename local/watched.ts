/**
 * A shell script that runs a server (its arguments after the first) and prints its pid. It ends the server by `signal`
 * when standard input closes, and removes the file or folder that the first argument names. Input closes also when the
 * process that started it is killed, which could end nothing itself then. File descriptor 3 is the script's own.
 */
export function watched(signal: 'TERM' | 'INT' | 'KILL'): string {
  return `exec 3<&0
left=$1; shift
"$@" 3<&- & pid=$!
echo $pid
{ cat <&3 >/dev/null; kill -${signal} $pid 2>/dev/null; } &
wait $pid
rm -rf "$left"`
}
