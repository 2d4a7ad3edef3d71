# SPDX-License-Identifier: Apache-2.0
# Completion of keyferry's commands and options for bash.

_keyferry()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local common="--socket --output --cli-input-json --cli-read-timeout --help --version"
    local pages="--no-paginate --max-items --page-size --starting-token"
    local commands="create-key get-key list-keys delete-key create-alias update-alias delete-alias get-alias list-aliases export-key adopt-key token status import-key start-key-usage stop-key-usage restore-key tag-resource untag-resource list-tags-for-resource init-ca get-parameters-for-export get-parameters-for-import get-public-key-certificate get-certificate-signing-request parse-key-block"
    local command="" word options

    COMPREPLY=()
    case $previous in
    --output)
        mapfile -t COMPREPLY < <(compgen -W "json text" -- "$current")
        return
        ;;
    --socket)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    esac
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        if [[ " $commands " == *" $word "* ]]; then
            command=$word
            break
        fi
    done
    case $command in
    create-key)
        options="--key-attributes --key-check-value-algorithm --exportable --no-exportable --enabled --no-enabled --tags --legacy-import --no-legacy-import"
        ;;
    get-key)
        options="--key-identifier"
        ;;
    list-keys)
        options="--key-state --next-token --max-results $pages"
        ;;
    delete-key)
        options="--key-identifier --delete-key-in-days"
        ;;
    create-alias)
        options="--alias-name --key-arn"
        ;;
    update-alias)
        options="--alias-name --key-arn"
        ;;
    delete-alias)
        options="--alias-name"
        ;;
    get-alias)
        options="--alias-name"
        ;;
    list-aliases)
        options="--key-arn --next-token --max-results $pages"
        ;;
    export-key)
        options="--key-material --export-key-identifier --export-attributes"
        ;;
    adopt-key)
        options="--object --key-attributes --exportable --no-exportable --alias-name --keep-source --no-keep-source --tags --legacy-import --no-legacy-import"
        ;;
    import-key)
        options="--key-material --key-check-value-algorithm --enabled --no-enabled --tags --legacy-import --no-legacy-import"
        ;;
    start-key-usage)
        options="--key-identifier"
        ;;
    stop-key-usage)
        options="--key-identifier"
        ;;
    restore-key)
        options="--key-identifier"
        ;;
    tag-resource)
        options="--resource-arn --tags"
        ;;
    untag-resource)
        options="--resource-arn --tag-keys"
        ;;
    list-tags-for-resource)
        options="--resource-arn --next-token --max-results $pages"
        ;;
    init-ca)
        options="--certificate-subject"
        ;;
    get-parameters-for-export)
        options="--key-material-type --signing-key-algorithm"
        ;;
    get-parameters-for-import)
        options="--key-material-type --wrapping-key-algorithm"
        ;;
    get-public-key-certificate)
        options="--key-identifier"
        ;;
    get-certificate-signing-request)
        options="--key-identifier --signing-algorithm --certificate-subject"
        ;;
    parse-key-block) common="--output --help --version" options="" ;;
    token | status) options="" ;;
    *) options=$commands ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options $common" -- "$current")
}
complete -o default -F _keyferry keyferry
