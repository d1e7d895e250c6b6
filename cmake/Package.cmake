# The Debian package: cpack --config build/release/CPackConfig.cmake, as script/package does.
install(TARGETS agentauth RUNTIME DESTINATION bin)
# Where app/envoy_module.cc looks for it.
install(TARGETS agentauth_envoy LIBRARY DESTINATION lib/agentauth)
install(FILES deploy/systemd/agentauth.service DESTINATION /usr/lib/systemd/system)
install(FILES deploy/debian/agentauth.toml DESTINATION /etc/agentauth)
# README and guides, and what they lead to, lie to each other as in the project.
install(FILES README.md ARCHITECTURE.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE
        DESTINATION share/doc/agentauth)
install(DIRECTORY docs DESTINATION share/doc/agentauth)
foreach(examples IN ITEMS compose container gateways kubernetes mcp monitoring policies)
  install(DIRECTORY deploy/${examples} DESTINATION share/doc/agentauth/deploy)
endforeach()
install(FILES deploy/gitleaks.toml DESTINATION share/doc/agentauth/deploy)
install(FILES tests/cases/conditions.h tests/cases/gateway_paths.h
        DESTINATION share/doc/agentauth/tests/cases)
foreach(shell IN ITEMS bash zsh)
  set(completion_${shell} ${CMAKE_BINARY_DIR}/completion.${shell})
  add_custom_command(OUTPUT ${completion_${shell}}
    COMMAND agentauth completion ${shell} > ${completion_${shell}}
    DEPENDS agentauth VERBATIM)
endforeach()
add_custom_target(completions DEPENDS ${completion_bash} ${completion_zsh})
install(FILES ${completion_bash} DESTINATION share/bash-completion/completions RENAME agentauth)
install(FILES ${completion_zsh} DESTINATION share/zsh/vendor-completions RENAME _agentauth)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME agentauth)
set(CPACK_PACKAGE_CONTACT "AgentAuth maintainers <maintainers@agentauth.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Identity and authorization for software agents")
set(CPACK_PACKAGE_DESCRIPTION "Gives software agents an identity, checks it on every call and
decides what they may do. Embedded SQLite on one machine, PostgreSQL for several.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
# Loaded when a PostgreSQL URL is opened, so nothing links to it.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS libpq5)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(WRITE ${CMAKE_BINARY_DIR}/debian/conffiles "/etc/agentauth/agentauth.toml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/debian/postinst
  ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
  ${CMAKE_SOURCE_DIR}/deploy/debian/postrm
  ${CMAKE_BINARY_DIR}/debian/conffiles)
include(CPack)
