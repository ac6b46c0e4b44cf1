/* Looking up embedded files; a handful, so by walking through them. */
#include "http/asset.h"

const struct asset *asset_find(const struct ui *ui, str path)
{
    for (size_t i = 0; i < ui->asset_count; i++)
        if (str_eq(str_from(ui->assets[i].path), path))
            return &ui->assets[i];
    return NULL;
}

const struct asset *asset_named(const struct ui *ui, const char *name)
{
    for (size_t i = 0; i < ui->asset_count; i++)
        if (str_eq(str_from(ui->assets[i].name), str_from(name)))
            return &ui->assets[i];
    return NULL;
}
