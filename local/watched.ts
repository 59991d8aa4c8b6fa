/**
 * A shell script that runs a program (its arguments after the first) and prints its pid. When standard input closes, it
 * ends the program by `signal`. Input also closes when the parent process is killed and can end nothing itself. At the end it
 * removes the file or folder that the first argument names. File descriptor 3 is the script's own.
 * @param kept whether a program that ended well leaves that file or folder to the parent
 */
export function watched(signal: 'TERM' | 'INT' | 'KILL', kept = false): string {
  return `exec 3<&0
left=$1; shift
"$@" 3<&- & pid=$!
echo $pid
{ cat <&3 >/dev/null; kill -${signal} $pid 2>/dev/null; } &
# The shell would tell of a server that was killed, which is how it is meant to end.
wait $pid 2>/dev/null; code=$?
${kept ? '[ $code = 0 ] || ' : ''}rm -rf "$left"
exit $code`
}
