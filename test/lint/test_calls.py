#!/usr/bin/env python3
"""A good guest: no call of the library ends, blocks, prints, signals or reads the environment; no mutable global."""
import glob
import os
import re
import subprocess

from source import BUILD, Report, blank, lib_files, read

# Symbols, as the linker sees them, that no object of the library may need.
FORBIDDEN = """
exit _exit _Exit quick_exit abort __assert_fail __assert atexit on_exit raise kill
printf vprintf puts putchar perror psignal stdout stderr stdin fputs fputc fwrite fprintf vfprintf gets scanf getchar
__printf_chk __vprintf_chk __fprintf_chk __vfprintf_chk __longjmp_chk setjmp _setjmp __sigsetjmp longjmp
getenv secure_getenv setenv putenv unsetenv environ setlocale uselocale newlocale localeconv nl_langinfo
signal sigaction sigprocmask alarm setitimer syslog openlog
sleep usleep nanosleep clock_nanosleep pause system popen fork vfork execve
strtod strtof strtold atof atoi atol strtok strerror localtime localtime_r gmtime mktime ctime asctime tzset strftime
rand srand random srandom drand48 tmpnam mktemp tempnam getpwnam getlogin
__ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc tolower toupper strcoll strcasecmp strncasecmp
socket connect getaddrinfo gethostbyname
json_set_alloc_funcs json_set_alloc_funcs2 sqlite3_config sqlite3_shutdown sqlite3_enable_shared_cache
sqlite3_soft_heap_limit64 sqlite3_hard_heap_limit64
""".split()
# Symbols that belong to some rooms only.
ONLY = {
    "malloc": ("base",), "calloc": ("base",), "realloc": ("base",), "posix_memalign": ("base",), "aligned_alloc": ("base",),
    "strdup": (), "strndup": (), "asprintf": (), "vasprintf": (),
    # To keep SIGPIPE of a descriptor that the host handed in away from the host.
    "pthread_sigmask": ("connect/file",), "sigtimedwait": ("connect/file",), "sigpending": ("connect/file",),
    "pthread_create": ("base", "run"), "pthread_mutex_lock": ("base", "run"), "dlopen": ("graph",),
}
WORDS = """
printf puts putchar perror exit _exit abort assert getenv setlocale signal sleep usleep strtod strtof atof strtok
localtime gmtime rand srand isdigit isalpha isspace isalnum toupper tolower
""".split()

report = Report()


def objects():
    key = os.path.join(BUILD, ".key")
    if not os.path.exists(key):
        return []
    root = os.path.join(BUILD, "obj", read(key).strip(), "lib")
    wanted = {p[len("lib/"):-2] for p in lib_files("*.c")}
    every = glob.glob(f"{root}/*/*.o") + glob.glob(f"{root}/*/*/*.o")
    return sorted((p, os.path.relpath(p, root)[:-2]) for p in every if os.path.relpath(p, root)[:-2] in wanted)


def by_file(*command):
    """What a tool says of many objects in one call: path -> its lines. Both begin each one with its name."""
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    parts = re.split(r"^(?:File: )?(\S+\.o):?\n", text, flags=re.M)
    return {path: lines.splitlines() for path, lines in zip(parts[1::2], parts[2::2])}


def symbols(lines):
    return {line.split()[-1].split("@")[0] for line in lines if line.strip()}


def writable(lines):
    for line in lines:
        found = re.match(r"\s*\[\s*\d+\]\s+(\.\S+)\s+\S+\s+[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)", line)
        if found and int(found[2], 16) > 0 and re.match(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)", found[1]):
            yield found[1]


found = objects()
report.check(bool(found), BUILD, "no objects of the library: build it first")
paths = [path for path, _ in found]
needed, sections_of = by_file("nm", "--undefined-only", *paths), by_file("readelf", "-SW", *paths)
for path, name in found:
    needs = symbols(needed[path])
    for symbol in sorted(needs & set(FORBIDDEN)):
        report.check(False, f"lib/{name}.c", f"calls {symbol}")
    for symbol in sorted(needs & set(ONLY)):
        report.check(name.startswith(tuple(room + "/" for room in ONLY[symbol])), f"lib/{name}.c",
                     f"calls {symbol}, which only {', '.join(ONLY[symbol]) or 'nobody'} may")
    sections = sorted(set(writable(sections_of[path])))
    report.check(not sections, f"lib/{name}.c", f"has mutable globals ({' '.join(sections)})")
pattern = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(WORDS))
for path in lib_files():
    for number, line in enumerate(blank(read(path)).split("\n"), 1):
        for word in pattern.findall(line):
            report.check(False, f"{path}:{number}", f"{word}() has no place in the library")
    report.check(True, path, "")
report.end()
