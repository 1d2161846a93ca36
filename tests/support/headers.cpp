// The tests' precompiled headers need a file to be made for.
