# Sourced by the scripts of the schedulers: makes the output of the single run, and the plan of eight parts, in a folder.
#   . job.sh SCHEDULER BINARY FOLDER JOB...
# FOLDER is empty or not there, and is where the script goes on; JOB is a command of swage without its output, which is a GGUF file.
scheduler=$1
binary=$(realpath "$2")
mkdir -p "$3"
folder=$(realpath "$3")
shift 3

"$binary" "$@" -o "$folder/single.gguf"
cd "$folder"
"$binary" plan -o plan.json --parts 8 --emit "$scheduler" -- "$@" -o joined.gguf
