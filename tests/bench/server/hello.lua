-- GET of the address as it is.
dofile(os.getenv("KASSA_BENCH_LUA") .. "/common.lua")
