// The programs' precompiled headers need a program to be made for.
int main() { return 0; }
