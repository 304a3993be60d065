// SPDX-License-Identifier: GPL-2.0
/*
 * The card: two ports, made when the module is loaded and gone when it is
 * unloaded. Nothing else creates or removes one, so no lock is needed here.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "testnic.h"

static struct platform_device *testnic_card;
static struct testnic_port *testnic_ports[2];

static int testnic_card_add(void)
{
	const struct platform_device_info info = {
		.name = KBUILD_MODNAME,
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(64),
	};
	struct platform_device *card;

	card = platform_device_register_full(&info);
	if (IS_ERR(card))
		return PTR_ERR(card);

	/* Where a buffer is has to follow from its DMA address. */
	if (device_iommu_mapped(&card->dev)) {
		platform_device_unregister(card);
		return -EOPNOTSUPP;
	}
	/* A provider's area has pieces of any size. */
	dma_set_max_seg_size(&card->dev, UINT_MAX);
	testnic_card = card;
	return 0;
}

static int __init testnic_init(void)
{
	struct testnic_port *port[2];
	int err;

	err = testnic_card_add();
	if (err)
		return err;

	err = -ENOMEM;
	port[0] = testnic_port_alloc(&testnic_card->dev, 0);
	if (!port[0])
		goto err_card;
	port[1] = testnic_port_alloc(&testnic_card->dev, 1);
	if (!port[1])
		goto err_port0;
	port[0]->peer = port[1];
	port[1]->peer = port[0];

	err = register_netdev(port[0]->dev);
	if (err)
		goto err_port1;
	err = register_netdev(port[1]->dev);
	if (err)
		goto err_unregister;

	testnic_ports[0] = port[0];
	testnic_ports[1] = port[1];
	return 0;

err_unregister:
	unregister_netdev(port[0]->dev);
err_port1:
	testnic_port_free(port[1]);
err_port0:
	testnic_port_free(port[0]);
err_card:
	platform_device_unregister(testnic_card);
	return err;
}

static void __exit testnic_exit(void)
{
	unregister_netdev(testnic_ports[0]->dev);
	unregister_netdev(testnic_ports[1]->dev);
	testnic_port_free(testnic_ports[0]);
	testnic_port_free(testnic_ports[1]);
	platform_device_unregister(testnic_card);
}

module_init(testnic_init);
module_exit(testnic_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Pair of NICs whose rx queues take a memory provider");
