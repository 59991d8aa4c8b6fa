#!/bin/sh
# Makes the sentence encoder: make.sh TEACHER_FOLDER CACHE_FOLDER OUT_FOLDER
set -eu
cd "$(dirname "$0")"
export OPENBLAS_NUM_THREADS=1 # torch's own setting does not reach OpenBLAS; two spinning threads are slower than one
/usr/bin/python3 train.py lessons --teacher "$1" --cache "$2"
node teach.mjs "$1" "$2/lessons.txt" "$2/vectors.f16"
/usr/bin/python3 train.py train --teacher "$1" --cache "$2" --out "$3"
