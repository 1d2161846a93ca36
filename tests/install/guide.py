#!/usr/bin/env python3
"""Runs every command of the SDK's guide, as it stands there: sdk/README.md and the pages beside it, as installed.

    guide.py --build BUILD --work DIR --bin PROGRAMS --plugins SHIPPED

A command is a line of a block ```sh, or words in backquotes that begin with the name of a program. It must end with 0.
`cameras WORD` alone names a command, which must be there. Blocks that begin with a comment that is a file's name are
written to that file; so are a block ```cmake to CMakeLists.txt and a block ```json to NAME.camera.json of the plugin in it.
A block ```cpp without a name must compile behind the SDK's header. Words in capitals stand for what a reader puts in
their place; a new one needs a value below.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

PROGRAMS = ('cmake', 'ctest', 'cameras', 'simulate-survey', 'runbrick', 'make-ccds', 'make-bricks', 'calibrate', 'survey', 'g++')


def fail(page, line, words):
    sys.exit(f'{page.name}:{line}: {words}')


class Reader:
    def __init__(self, a):
        self.a = a
        self.values = {'PREFIX': str(a.prefix), 'N': '5', 'DIRECTORY': 'begun', 'NAME': 'begun'}
        self.commands = 0
        self.environment = {**os.environ, 'PATH': f'{a.bin}:{os.environ["PATH"]}', 'BRICKLINE_PLUGIN_PATH': str(a.plugins),
                            'XDG_DATA_HOME': '/nonexistent', 'CFLAGS': '-Wall -Wextra -Wpedantic -Werror',
                            'CXXFLAGS': '-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror'}

    def run(self, page, line, command, directory):
        names = re.fullmatch(r'(cameras) ([a-z]+)', command)
        if names and names[2] in ('check', 'identify', 'scaffold', 'info', 'list'):
            command += ' --help'
        command = re.sub(r'\b[A-Z]+\b', lambda word: self.values.get(word[0], word[0]), command)
        if '--brick ...' in command:
            command = command.replace('--brick ... --zoom ...', self.values['region'])
        unknown = re.search(r'(?<![\w/.])[A-Z]{3,}(?![\w=])|\.\.\.', command)
        if unknown:
            fail(page, line, f'what stands for {unknown[0]} in: {command}')
        done = subprocess.run(['sh', '-ec', command], cwd=directory, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            fail(page, line, f'{command}\nended with {done.returncode}\n{done.stdout}{done.stderr}')
        self.commands += 1
        if command.startswith('simulate-survey survey '):
            self.values['region'] = done.stdout.strip()
            images = sorted(p for p in (directory / 'survey/images').rglob('*') if p.suffix == '.fits')
            self.values['IMAGE'] = str(images[0])

    def block(self, page, line, language, text, directory):
        named = re.match(r'(?://|#) ([\w.]+)\n', text)
        if language == 'sh':
            for n, command in enumerate(text.splitlines()):
                self.run(page, line + n, command, directory)
        elif named:
            (directory / named[1]).write_text(text)
        elif language == 'cmake':
            (directory / 'CMakeLists.txt').write_text(text)
        elif language == 'json':
            name = json.loads(text)['plugin']['plugin']
            (directory / 'facts').mkdir()
            (directory / f'facts/{name}.camera.json').write_text(text)
            self.run(page, line, f'cameras --plugin-dir facts info {name}', directory)
        elif language == 'cpp':
            (directory / 'part.cpp').write_text('#include <brickline/camera.hpp>\nusing namespace brickline;\n' + text)
            self.run(page, line, f'g++ -std=c++17 -fsyntax-only -Wall -I{self.a.prefix}/include part.cpp', directory)
        else:
            fail(page, line, f'a block of "{language}", which nobody tries')

    def page(self, page, directory):
        lines = page.read_text().splitlines()
        block, language, begin = None, '', 0
        for number, line in enumerate(lines, 1):
            if line.startswith('```'):
                if block is None:
                    block, language, begin = [], line[3:], number + 1
                else:
                    self.block(page, begin, language, '\n'.join(block) + '\n', directory)
                    block = None
            elif block is not None:
                block.append(line)
            else:
                for span in re.findall(r'`([^`]+)`', line):
                    # (A table of examples has its own test, which reads it: examples.cmake.)
                    if span.split()[0] in PROGRAMS and ' ' in span and not line.startswith('|'):
                        self.run(page, number, span, directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ('build', 'work', 'bin', 'plugins'):
        parser.add_argument('--' + name, type=lambda text: pathlib.Path(text).resolve(), required=True)
    a = parser.parse_args()
    shutil.rmtree(a.work, ignore_errors=True)
    a.prefix = a.work / 'prefix'
    subprocess.run(['cmake', '--install', a.build, '--component', 'sdk', '--prefix', a.prefix], check=True,
                   capture_output=True)
    pages = a.prefix / 'share/brickline/sdk'
    reader = Reader(a)
    shutil.copytree(pages / 'examples', a.work / 'examples')
    reader.page(pages / 'examples/README.md', a.work / 'examples')
    reader.values['FILE'] = str(a.work / 'examples/build/sigma.camera.so')
    reader.environment['BRICKLINE_PLUGIN_PATH'] += f':{a.work}/examples/build'
    (a.work / 'guide').mkdir()
    for page in ('README.md', 'STEPS.md', 'FACTS.md'):
        reader.page(pages / page, a.work / 'guide')
    print(f'{reader.commands} commands')
    if reader.commands < 15:
        sys.exit('the guide has lost its commands, or this test no longer finds them')


if __name__ == '__main__':
    main()
