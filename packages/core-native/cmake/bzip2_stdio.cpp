// Stand-ins for the stdio streams of a libbz2.a that was compiled for programs; see CMakeLists.txt. Its functions that
// open files would use them, and nothing here calls those.
#ifndef _WIN32
extern "C" {
__attribute__((visibility("hidden"))) void* nb201_stdin = nullptr;
__attribute__((visibility("hidden"))) void* nb201_stdout = nullptr;
__attribute__((visibility("hidden"))) void* nb201_stderr = nullptr;
}
#endif
