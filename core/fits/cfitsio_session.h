// Opening and closing files of CFITSIO, fenced against what it shares between threads. Private to this room.
//
// Debian's CFITSIO 4.2 is built reentrant: a file handle may be used by one thread while others use theirs. A
// few tables of the process are not guarded, though (seen in its sources):
//
// - imcompress.c: the offsets of subtractive dithering are filled by whoever needs them first, *after* their
//   table has become visible, so that another thread packs or unpacks its tile with zeros for offsets,
//   without an error. Here the table is filled while a file is opened, before any pixel can move.
// - drvrmem.c: closing a file in memory (which a `.gz` being read is, too) frees its slot before it has
// cleared
//   it, so that a file opened meanwhile in that slot loses its memory. drvrfile.c: closing a file touches its
//   slot as unguardedly. Here one process-wide mutex is held while a file is opened or closed.
// - fitscore.c: there is one stack of error messages for all threads, so a message may be about another file.
//   It is not read (cfitsio_types.h): an error tells the meaning of the status, which is the thread's own.
//
// Opening was serial before: CFITSIO holds a lock of its own while it opens, and while it unpacks a `.gz`.
// Everything else, unpacking pixels above all, runs in parallel.
#pragma once

#include <fitsio.h>

#include <cstddef>

namespace brickline::fits {

// Before the first call of CFITSIO that is about no file (its decompressors): makes its own lock, which those hold
// while they report an error with it, one that a thread may take twice. Opening a file does so by itself.
void prepare_library();

// As fits_open_diskfile, for reading.
fitsfile* open_file(const char* path, int* status);

// As fits_open_memfile, for reading.
fitsfile* open_memory_file(void** memory, std::size_t* size, int* status);

// As fits_create_memfile.
fitsfile* create_memory_file(void** memory, std::size_t* capacity, std::size_t growth,
                             void* (*reallocate)(void*, std::size_t), int* status);

// As fits_close_file.
void close_file(fitsfile* file, int* status);

}  // namespace brickline::fits
