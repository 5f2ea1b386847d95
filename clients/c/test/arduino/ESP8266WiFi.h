/* Its name on an ESP8266. */
#include <WiFi.h>
