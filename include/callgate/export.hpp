// Marks what a shared libcallgate exports. The rooms are compiled with hidden visibility; the public headers open
// their namespace with CALLGATE_API, and what users have no business with with CALLGATE_HIDDEN.
#pragma once

#define CALLGATE_API [[gnu::visibility("default")]]
#define CALLGATE_HIDDEN [[gnu::visibility("hidden")]]
