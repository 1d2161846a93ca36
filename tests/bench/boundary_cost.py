#!/usr/bin/env python3
"""What the camera boundary costs: instructions of reading the images of a case, with every step through a plugin, above
those of the same code called directly. By hand, it needs valgrind:

    tests/bench/boundary_cost.py --build build/release --words --survey-dir DIR --radec RA DEC --width W --height H

The direct run has DECam's facts in a file without code; in the other a plugin overrides all steps and passes each on
(tests/plugins/passes_on.cpp). Both run to the stage tims on one thread under callgrind, which counts
within read_ccd_image.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import tempfile


def instructions(build, cameras, words, scratch):
    out = scratch / 'callgrind.out'
    command = ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out}',
               '--toggle-collect=brickline::read_ccd_image(*', str(build / 'bin/runbrick'),
               '--plugin-dir', str(cameras), '--no-user-plugins', '--threads', '1', '--stage', 'tims', '--no-page',
               '--outdir', str(scratch / 'out')] + words
    done = subprocess.run(command, capture_output=True, text=True)
    shutil.rmtree(scratch / 'out', ignore_errors=True)
    found = re.search(r'Collected : (\d+)', done.stderr)
    if done.returncode != 0 or not found:
        raise SystemExit(done.stderr)
    return int(found.group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', type=pathlib.Path, default='build/release')
    parser.add_argument('--words', nargs=argparse.REMAINDER, required=True,
                        help='of runbrick: --survey-dir DIR --brick ... or --radec ...')
    a = parser.parse_args()
    build = a.build.resolve()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        facts = json.loads(subprocess.run([build / 'bin/cameras', '--plugin-dir', build / 'plugins', 'info', 'decam',
                                           '--facts'], capture_output=True, text=True, check=True).stdout)
        for key in ('camera', 'extends', 'abstract'):  # they are merged
            facts.pop(key, None)
        for camera, directory in (('decam', 'direct'), ('decam_facts', 'plugin')):
            (scratch / directory).mkdir()
            text = {'plugin': {'plugin': camera, 'version': '1.0.0', 'cameras': [{'name': camera}]}, **facts}
            (scratch / directory / f'{camera}.camera.json').write_text(json.dumps(text))
            shutil.copytree(build / 'plugins/decam.camera.d', scratch / directory / f'{camera}.camera.d')
        shutil.copy(build / 'tests/plugins/good/passes_on.camera.so', scratch / 'plugin')
        direct, plugin = (instructions(build, scratch / d, a.words, scratch) for d in ('direct', 'plugin'))
    print(f'reading images: direct {direct / 1e6:.1f} M instructions, through the plugin {plugin / 1e6:.1f} M: '
          f'{100 * (plugin / direct - 1):+.3f} %')


if __name__ == '__main__':
    main()
