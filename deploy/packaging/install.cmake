# Installs the files that name paths, for the prefix of this installation. Below /usr the configuration is in /etc, as
# everywhere in Debian; below any other prefix it is in that prefix.
if(IS_ABSOLUTE "${CMAKE_INSTALL_SYSCONFDIR}")
  set(SYSCONFDIR "${CMAKE_INSTALL_SYSCONFDIR}")
elseif(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(SYSCONFDIR /etc)
else()
  set(SYSCONFDIR "${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SYSCONFDIR}")
endif()
foreach(name BINDIR DATADIR DOCDIR MANDIR)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_${name} BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" OUTPUT_VARIABLE ${name})
endforeach()

# fill(template folder): writes to its place at once, so that two installations at a time do not meet.
macro(fill template folder)
  set(filled "${template}")
  cmake_path(GET filled FILENAME filled)
  string(REGEX REPLACE "[.]in$" "" filled "${folder}/${filled}")
  configure_file("${template}" "$ENV{DESTDIR}${filled}" @ONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${filled}")
endmacro()

fill("${MADE}/session-gateway-client.1" "${MANDIR}/man1")
fill("${MADE}/session-gateway.yaml.5" "${MANDIR}/man5")
fill("${MADE}/session-gateway.8" "${MANDIR}/man8")
fill("${PACKAGING}/session-gateway.service.in" "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
fill("${PACKAGING}/credentials.conf.in" "${DOCDIR}/examples")
# An existing configuration stays; in a package it is dpkg that keeps it.
if(NOT EXISTS "$ENV{DESTDIR}${SYSCONFDIR}/session-gateway/session-gateway.yaml")
  file(INSTALL "${MADE}/session-gateway.yaml" DESTINATION "${SYSCONFDIR}/session-gateway")
endif()
set(credentials "$ENV{DESTDIR}${SYSCONFDIR}/session-gateway/credentials")
file(MAKE_DIRECTORY "${credentials}")
file(CHMOD "${credentials}" DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
