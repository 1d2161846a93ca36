/* An ordinary shared library that happens to have our entry symbol. */
__attribute__((visibility("default"))) const void* brickline_camera_plugin(const void* host) { return host; }
