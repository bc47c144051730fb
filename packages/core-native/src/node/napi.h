// The only place that includes Node-API, so that its configuration always comes first (see CMakeLists.txt).
#pragma once

#include <napi.h>
