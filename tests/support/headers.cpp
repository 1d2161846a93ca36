// The tests' precompiled headers need a program to be made for.
