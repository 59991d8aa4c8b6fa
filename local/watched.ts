/**
 * A shell script that runs a server (its arguments after the first), prints its pid, ends it by `signal` when standard
 * input closes, and removes the folder that the first argument names. Input closes also when the process that started
 * it is killed, which could end nothing itself then.
 */
export function watched(signal: 'TERM' | 'INT'): string {
  return `exec 3<&0
folder=$1; shift
"$@" 3<&- & pid=$!
echo $pid
{ cat <&3 >/dev/null; kill -${signal} $pid 2>/dev/null; } &
wait $pid
rm -rf "$folder"`
}
