import { readable, Unreadable } from '../unreadable.ts'
import { LEAST_RATE, MOST_RATE, readWav, type Wav } from '../wav.ts'
import { textAt } from './bytes.ts'
import { type Flac, readFlac } from './flac.ts'
import { type Mp3, readMp3 } from './mp3.ts'
import { type Opus, readOpus } from './opus.ts'

/** A recording: how it is decoded, its samples a second, and its samples of each channel (`frames`). */
export type Sound = ({ kind: 'wav' } & Wav) | Mp3 | Flac | Opus

/** What a recording should be, for whoever sent something else. */
export const RECORDING = 'a recording (WAV, MP3, FLAC, or Opus in Ogg or WebM)'

/** The longest recording that is read: the most that a plan may allow. */
export const MOST_SECONDS = 3600

/**
 * Reads how long a recording sounds, without decoding any of it. WAV, MP3 and Opus are as long as what is there of them. A FLAC
 * file is as long as it says; whoever decodes it counts.
 * @param field the field of the request that the file is from
 * @throws TwohopError unsupported_audio for another kind of file, invalid_request for one that is broken or too long
 */
export function readSound(bytes: Uint8Array, field: string): Sound {
  return readable(field, RECORDING, () => {
    const sound = parse(bytes, field)
    if (sound.frames < 1) throw new Unreadable('one without a sound')
    if (sound.rate < LEAST_RATE || sound.rate > MOST_RATE)
      throw new Unreadable(
        `one of ${sound.rate} samples a second, which may be ${LEAST_RATE} to ${MOST_RATE}`,
      )
    if (sound.frames > MOST_SECONDS * sound.rate) throw new Unreadable(`one of more than ${MOST_SECONDS} s`)
    return sound
  })
}

function parse(bytes: Uint8Array, field: string): Sound {
  switch (textAt(bytes, 0)) {
    case 'RIFF':
      return { kind: 'wav', ...readWav(bytes, field) }
    case 'fLaC':
      return readFlac(bytes)
    case 'OggS':
    case WEBM:
      return readOpus(bytes, MOST_SECONDS)
  }
  if (textAt(bytes, 0, 3) === 'ID3' || isMp3(bytes)) return readMp3(bytes)
  throw new Unreadable(
    textAt(bytes, 4) === 'ftyp' ? 'an MP4 file' : 'another kind of file',
    'unsupported_audio',
  )
}

/** How an EBML file begins. */
const WEBM = '\x1a\x45\xdf\xa3'

const isMp3 = ([sync, kind = 0]: Uint8Array) => sync === 0xff && (kind & 0xe6) === 0xe2
