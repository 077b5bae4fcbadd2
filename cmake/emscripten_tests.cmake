# The core suite as wasm under Node: the same sources, the same fixtures, read through Node's file system.
target_link_options(core_tests PRIVATE
  -sSINGLE_FILE               # Node's fetch cannot read a wasm file beside the script
  -sALLOW_MEMORY_GROWTH       # tests decide how much they need ...
  -sMAXIMUM_MEMORY=1073741824 # ... up to 1 GiB; beyond, allocation fails and is tested to be catchable
  -sNODERAWFS                 # fixtures are read from the real file system
  -sEXIT_RUNTIME              # the exit code is Catch2's
)
