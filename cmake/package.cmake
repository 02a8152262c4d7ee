# What sets up a machine: the templates of deploy/ inside the program, and the Debian package (cpack -G DEB in the build folder).
set(deploy_templates ${CMAKE_SOURCE_DIR}/deploy/templates)
file(GLOB_RECURSE deploy_template_files CONFIGURE_DEPENDS ${deploy_templates}/*)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/deploy/templates.cpp
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/embed_deploy.py ${deploy_templates} ${CMAKE_BINARY_DIR}/deploy/templates.cpp
  DEPENDS ${deploy_template_files} ${CMAKE_SOURCE_DIR}/cmake/embed_deploy.py
  COMMENT "Embedding the templates of deploy/")
target_sources(powerview PRIVATE ${CMAKE_BINARY_DIR}/deploy/templates.cpp)

set(package_dir ${CMAKE_BINARY_DIR}/package)
add_custom_command(
  OUTPUT ${package_dir}/powerview.1.gz ${package_dir}/powerview.bash
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/describe_commands.py $<TARGET_FILE:powerview> ${CMAKE_SOURCE_DIR}/docs/man/powerview.1.in ${package_dir}
  DEPENDS powerview ${CMAKE_SOURCE_DIR}/cmake/describe_commands.py ${CMAKE_SOURCE_DIR}/docs/man/powerview.1.in
  COMMENT "Writing the manual page and the completion")
add_custom_target(powerview_described ALL DEPENDS ${package_dir}/powerview.1.gz ${package_dir}/powerview.bash)

# The unit as `powerview deploy render` writes it, for the paths of the package.
set(PROGRAM /usr/bin/powerview)
set(DATA_FOLDER /var/lib/powerview/data)
set(STATE_DIR /var/lib/powerview/state)
set(REPORT_FOLDER /var/lib/powerview/logs)
set(CAPABILITIES "")
configure_file(${deploy_templates}/etc/systemd/system/powerview.service ${package_dir}/powerview.service @ONLY)

# Packing waits for what is packed alone, not for tests and benchmarks.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
# Paths from the root of the machine: these rules are the package's, not for another prefix.
install(TARGETS powerview RUNTIME DESTINATION usr/bin)
install(FILES ${package_dir}/powerview.service DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/debian/powerview.toml DESTINATION etc/powerview)
install(FILES ${package_dir}/powerview.1.gz DESTINATION usr/share/man/man1)
install(FILES ${package_dir}/powerview.bash DESTINATION usr/share/bash-completion/completions RENAME powerview)
file(GLOB package_docs CONFIGURE_DEPENDS docs/*.md)
install(FILES CHANGELOG.md ${package_docs} DESTINATION usr/share/doc/powerview)
install(FILES docs/guide/guide.en.md docs/guide/guide.fr.md DESTINATION usr/share/doc/powerview/guide)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME powerview)
set(CPACK_PACKAGE_CONTACT "PowerView <powerview@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "files of electrical loggers in, curves a person can trust out")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Takes in the files of electrical data loggers over SFTP, HTTP or from a folder, keeps every sample with\nwhere it came from, and serves pages that show each company its power, voltage and energy.")
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "passwd, tzdata, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "caddy, podman-compose, nftables")
file(WRITE ${package_dir}/conffiles "/etc/powerview/powerview.toml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm ${CMAKE_SOURCE_DIR}/deploy/debian/postrm
    ${package_dir}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
